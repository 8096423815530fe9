"""A program that uses boto3 as everybody does: it asks STS who it is, CALLS times, PAUSE seconds apart, and prints the answer or the
error's code. STS_URL stands in for AWS_ENDPOINT_URL_STS, which boto3 1.26 does not know."""

import json
import os
import time

import boto3
import botocore.exceptions

client = boto3.client("sts", endpoint_url=os.environ.get("STS_URL"))
for i in range(int(os.environ["CALLS"])):
    if i > 0:
        time.sleep(float(os.environ["PAUSE"]))
    try:
        line = {"arn": client.get_caller_identity()["Arn"]}
    except botocore.exceptions.ClientError as e:
        line = {"error": e.response["Error"]["Code"]}
    except botocore.exceptions.BotoCoreError as e:
        line = {"error": str(e)}
    print(json.dumps(line), flush=True)
