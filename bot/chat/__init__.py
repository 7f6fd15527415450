"""What people can say, and the networks they say it on."""
