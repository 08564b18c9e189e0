"""What Nova's own image code does with a registry: REGISTRY TOKEN PROJECT DIRECTORY; prints JSON of what came of it."""
import json
import os
import sys

from oslo_utils import uuidutils

import nova.conf
from nova import context as nova_context
from nova import objects
from nova.image import glance

registry, token, project, directory = sys.argv[1:5]
CONF = nova.conf.CONF
CONF([], project='nova', default_config_files=[])
CONF.set_override('api_servers', [registry], 'glance')
objects.register_all()

context = nova_context.RequestContext(
    user_id='tester', project_id=project, auth_token=token, roles=['member', 'reader'],
    request_id='req-' + uuidutils.generate_uuid())
images = glance.API()
result = {}

# A snapshot: the record first, its formats and properties later, then its bytes, of unknown length and in chunks.
created = images.create(context, {
    'name': 'snapshot', 'visibility': 'private', 'min_ram': 0, 'min_disk': 1,
    'properties': {'instance_uuid': uuidutils.generate_uuid(), 'image_type': 'snapshot', 'base_image_ref': '',
                   'boot_roles': 'member,reader', 'hw:numa.nodes': '2', 'bdm_v2': 'True'}})
image_id = created['id']
result['created'] = created['status']
payload = os.urandom(1_000_000)
path = os.path.join(directory, 'snapshot')
with open(path, 'wb') as snapshot:
    snapshot.write(payload)
with open(path, 'rb') as snapshot:
    metadata = {'name': 'snapshot', 'disk_format': 'raw', 'container_format': 'bare',
                'properties': {'image_location': 'snapshot', 'image_state': 'available', 'ramdisk_id': None,
                               'hw:numa.nodes': '2', 'bdm_v2': 'True'}}
    updated = images.update(context, image_id, metadata, data=snapshot, purge_props=False)
result['updated'] = {key: updated[key] for key in ('status', 'size', 'disk_format')}
result['properties'] = {key: str(value) for key, value in updated['properties'].items()}
purged = images.update(context, image_id, {'name': 'kept', 'properties': {'bdm_v2': 'True'}}, purge_props=True)
result['purged'] = sorted(purged['properties'])

# Boot: the record, then the bytes, held against their hash.
copy = os.path.join(directory, 'copy')
images.download(context, image_id, dest_path=copy)
with open(copy, 'rb') as saved:
    result['same'] = saved.read() == payload

# A snapshot of a server that boots from a volume has no bytes.
empty = images.create(context, {'name': 'volume', 'disk_format': 'raw', 'container_format': 'bare',
                                'properties': {'block_device_mapping': json.dumps([{'boot_index': 0}])}}, data=b'')
shown = images.get(context, empty['id'])
result['empty'] = {key: shown[key] for key in ('status', 'size')}
result['mapping'] = shown['properties']['block_device_mapping']

result['listed'] = sorted(image['name'] for image in images.get_all(context, sort_key='created_at', sort_dir='desc'))
for one in (image_id, empty['id']):
    images.delete(context, one)
try:
    images.get(context, image_id)
except Exception as error:
    result['deleted'] = type(error).__name__
print(json.dumps(result))
