"""botocore sessions that share one loader: a service's model and the endpoint data are in memory once."""

import botocore.session
from botocore.loaders import Loader

LOADER = Loader()


def new_session() -> botocore.session.Session:
    session = botocore.session.Session()
    session.register_component("data_loader", LOADER)
    return session
