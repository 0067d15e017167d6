"""A mail server that keeps nothing: it prints what it takes, one JSON object a line.

The first line is {"port": ...}. It ends when its standard input does. Needs aiosmtpd (Debian:
python3-aiosmtpd).
"""

import argparse
import asyncio
import email
import email.policy
import json
import logging
import os
import ssl
import sys
import threading
import warnings

from aiosmtpd.smtp import SMTP, AuthResult


class Sink:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)

        def part(kind):
            body = mail.get_body(preferencelist=(kind,))
            return body.get_content() if body else None

        print(
            json.dumps(
                {
                    "sender": envelope.mail_from,
                    "recipients": envelope.rcpt_tos,
                    "user": session.auth_data,
                    "encrypted": session.ssl is not None,
                    "type": mail.get_content_type(),
                    "headers": {name.lower(): str(value) for name, value in mail.items()},
                    "text": part("plain"),
                    "html": part("html"),
                }
            ),
            flush=True,
        )
        return "250 OK"


def end_with_parent():
    sys.stdin.read()
    os._exit(0)


async def main():
    # Tests refuse certificates and passwords on purpose.
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    threading.Thread(target=end_with_parent, daemon=True).start()

    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate", help="PEM file with a chain; without it, no TLS")
    parser.add_argument("--key", help="PEM file")
    parser.add_argument("--tls", action="store_true", help="TLS from the first byte")
    parser.add_argument("--login", help="USER:PASSWORD that is asked for")
    options = parser.parse_args()

    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)
    start_tls = context if not options.tls else None

    def check(server, session, envelope, mechanism, data):
        login = b":".join((data.login, data.password)).decode()
        right = login == options.login
        return AuthResult(success=right, handled=False, auth_data=data.login.decode())

    def connection():
        return SMTP(
            Sink(),
            hostname="sink",
            tls_context=start_tls,
            require_starttls=start_tls is not None,
            authenticator=check if options.login else None,
            auth_required=options.login is not None,
            auth_require_tls=start_tls is not None,
        )

    server = await asyncio.get_running_loop().create_server(
        connection, "127.0.0.1", 0, ssl=context if options.tls else None
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


asyncio.run(main())
