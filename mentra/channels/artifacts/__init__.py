"""Artifacts: installed, listed and run.

``handlers``  the channels
``checking``  what may be installed
``runner``    runs them in processes of their own
``launcher``  the program that such a process is
"""
