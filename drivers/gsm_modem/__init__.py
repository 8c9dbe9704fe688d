"""GSM modems: text messages through a SIM card of the branch, for when the line to the gateway is down."""
