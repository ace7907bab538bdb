from http.client import HTTPConnection

class MNSHttp:
    conn: HTTPConnection
