"""The field itself: passport history, certification, subscription, metering and billing. Standard library only."""
