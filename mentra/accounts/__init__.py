"""Accounts: how people prove who they are, without a shell and without anybody else's service.

``settings``   [accounts]
``attempts``   how often somebody may try
``passwords``  hashes of passwords, made and compared
``manager``    lets people in
``routes``     the same over HTTP
"""
