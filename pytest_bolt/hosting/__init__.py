"""Code hosts: the notes on a pull or merge request, through each host's own client library."""
