"""A local stand-in for Alibaba Cloud's MNS, and the commands that make the real one ready.

The stand-in speaks MNS' HTTP/XML protocol of 2015-06-06 as docs/mns.md describes it.
"""
