"""What people did, counted for themselves.

``recorder``  takes what happened, and writes it in the background
``watching``  sees what happens on the channels
``ranges``    from when until when
``figures``   what comes of the counts
``handlers``  the channels
"""
