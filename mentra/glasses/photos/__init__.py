"""Pictures: asked for, taken, kept, shown.  Source: docs/protocol/photos, "photos".

``manager``   who waits for which picture
``form``      a picture as it is uploaded
``album``     pictures kept: files, rows, and what is cleared away
``routes``    upload, the phone's answer, the pictures themselves
``gallery``   a person's pictures over HTTP
``settings``  the configuration
"""
