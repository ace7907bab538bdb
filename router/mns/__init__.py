"""MNS: a stand-in server, and the commands that set a topic up."""
