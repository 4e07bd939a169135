"""An HTML page about training runs, from what they leave in their folders."""
