"""Accounts: how people prove who they are, without a shell and without anybody else's service.

``settings``   [accounts] and [webviews]
``attempts``   how often somebody may try
``passwords``  hashes of passwords, made and compared
``manager``    lets people in
``routes``     the same over HTTP
``webviews``   tells web pages of apps who their user is, by ``temporary`` tokens and by ``signing``
"""
