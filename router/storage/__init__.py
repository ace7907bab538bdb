"""Where everything is kept: the Store over SQLAlchemy Core."""
