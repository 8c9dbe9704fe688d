"""Motorised card readers that draw a card in, keep it, and give it back: Sankyo and CRT."""
