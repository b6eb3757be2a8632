"""Brokers: where events are kept between the one who says them and those who hear them."""
