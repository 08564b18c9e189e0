"""Fills the devices of a reference Swift with objects through Swift's own DiskFile, without a sync, as fill-device.ts does
for Martlet: arguments are the directory of the devices, account, container, number of objects and bytes of each. Run where
/etc/swift is that cluster's."""
import hashlib
import os
import pwd
import sys
from multiprocessing import Pool

ROOT, ACCOUNT, CONTAINER, COUNT, BYTES = sys.argv[1:6]
TIMESTAMP = '1700000000.00000'
PARALLEL = 2


def fill(device):
    os.fsync = lambda descriptor: None
    from swift.common import utils
    from swift.common.ring import Ring
    from swift.common.storage_policy import POLICIES
    from swift.obj import diskfile
    utils.validate_hash_conf()
    diskfile.fsync = diskfile.fsync_dir = lambda descriptor: None
    conf = {'devices': ROOT, 'mount_check': 'false', 'disable_fallocate': 'true'}
    manager = diskfile.DiskFileRouter(conf, utils.get_logger(conf))[POLICIES[0]]
    ring = Ring('/etc/swift', ring_name='object')
    for number in range(int(COUNT)):
        name = 'o%09d' % number
        partition, nodes = ring.get_nodes(ACCOUNT, CONTAINER, name)
        if device not in [node['device'] for node in nodes]:
            continue
        body = (name.encode() * (int(BYTES) // len(name) + 1))[:max(int(BYTES), len(name))]
        file = manager.get_diskfile(device, partition, ACCOUNT, CONTAINER, name, POLICIES[0])
        with file.create(size=len(body)) as writer:
            writer.write(body)
            writer.put({'X-Timestamp': TIMESTAMP, 'Content-Type': 'text/plain', 'Content-Length': str(len(body)),
                        'ETag': hashlib.md5(body).hexdigest()})
            writer.commit(TIMESTAMP)


if __name__ == '__main__':
    swift = pwd.getpwnam('swift')
    os.setgid(swift.pw_gid)
    os.setuid(swift.pw_uid)
    with Pool(PARALLEL) as pool:
        pool.map(fill, sorted(os.listdir(ROOT)), chunksize=1)
