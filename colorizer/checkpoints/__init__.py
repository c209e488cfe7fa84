"""Trained models as shipped: folder, card, history."""
