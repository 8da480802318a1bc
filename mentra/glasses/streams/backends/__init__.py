"""Media servers that managed streams go to.  Source: docs/operating.rst, "media server".

``settings``    the section, and which of these it chooses
``templates``   any server that takes RTMP and publishes HLS and DASH, by its URLs
``playlist``    whether a playlist goes on; ``restreams``, one ffmpeg each
``cloudflare``  Cloudflare Stream, by its HTTP API
"""
