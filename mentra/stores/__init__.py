"""What outlives the process: SQLAlchemy Core tables and migrations, SQLite or PostgreSQL.

``opening``    the two ways in: ``open_stores`` for the server, ``open_for_command`` for a command
``database``   engine, threads, transactions
``schema``     the tables; ``migrate`` brings a database up to them
``apps``       apps, keys and app servers: plain functions that take a connection
``users``      people, installs, settings and running apps: the same
``accounts``   passwords and pairing codes: the same
``simple_storage``  what apps keep about users: the same
``app_store``  those functions behind ``IAppStore``; ``user_store``, ``account_store`` likewise,
               and ``storage``
``registry``   what an app store answers from: memory
"""
