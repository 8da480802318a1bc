"""Pictures that are made for pages.

``section``   what a sysadmin may set
``wishes``    what is wanted, worked out: sizes, prompts, who draws
``work``      jobs, one after the other
``run``       one job, batch by batch
``queue``     the channels of groups, entries and jobs
``changes``   those that change and delete groups and entries
``gallery``   the channels of pictures
"""
