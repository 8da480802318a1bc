"""The wearer's voice: from the glasses to the apps, and to whoever listens inside the server.

``manager``   decodes, keeps, passes on: the way of every chunk
``recent``    the last seconds
``unpacking`` LC3, bounded
``voice``     the phone's own voice detection
``routes``    what sound comes as, and the last seconds of it, over HTTP
"""
