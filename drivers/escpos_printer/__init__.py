"""Receipt printers that speak ESC/POS: Epson's TM series and the many that follow it."""
