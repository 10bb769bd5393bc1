"""Does to a bucket what its owner can do, past the command.

    objects.py s3|az make BUCKET
    objects.py s3|az list BUCKET                  names of all objects
    objects.py s3|az edit BUCKET KEY OLD NEW      replaces a text within an object

Reads the settings that the command reads.
"""

import os
import sys


class S3:
    def __init__(self, bucket):
        import boto3

        self.bucket, self.client = bucket, boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT"])

    def make(self):
        self.client.create_bucket(Bucket=self.bucket)

    def list(self):
        return [found["Key"] for found in self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def get(self, key):
        return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def put(self, key, content):
        self.client.put_object(Bucket=self.bucket, Key=key, Body=content)


class Azure:
    def __init__(self, bucket):
        from azure.storage.blob import ContainerClient

        account = "devstoreaccount1"
        # The key that every emulator has; it is published and opens nothing else.
        key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
        url = f"{os.environ['AZURITE_BLOB_STORAGE_URL']}/{account}"
        credential = {"account_name": account, "account_key": key}
        # A version of the service that the emulator knows.
        self.client = ContainerClient(url, bucket, credential=credential, api_version="2023-11-03")

    def make(self):
        self.client.create_container()

    def list(self):
        return list(self.client.list_blob_names())

    def get(self, key):
        return self.client.download_blob(key).readall()

    def put(self, key, content):
        self.client.upload_blob(key, content, overwrite=True)


def main(service, verb, bucket, key=None, old=None, new=None):
    store = {"s3": S3, "az": Azure}[service](bucket)
    if verb == "make":
        store.make()
    elif verb == "list":
        print("\n".join(store.list()))
    else:
        before = store.get(key).decode()
        if before.count(old) != 1:
            sys.exit(f"{key} has {old!r} {before.count(old)} times, expected once")
        store.put(key, before.replace(old, new).encode())


main(*sys.argv[1:])
