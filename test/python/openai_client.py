"""The official Python client against holdfast/server: chat, streams, errors, files and batches.

Arguments: base URL and key. Every check is an assert; the last line says how many steps were taken.
"""

import json
import sys
import time

import openai

base_url, key = sys.argv[1:3]
client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0)
messages = [{"role": "user", "content": "Hello"}]
steps = 0


def step(name):
    global steps
    steps += 1
    print(f"{steps}. {name}", flush=True)


def refused(kind, call):
    try:
        call()
    except openai.APIStatusError as error:
        assert isinstance(error, kind), f"expected {kind.__name__}, got {type(error).__name__}: {error}"
        assert set(error.body) == {"message", "type", "param", "code"}, error.body
        return error
    raise AssertionError(f"expected {kind.__name__}, got an answer")


def ended(batch):
    while batch.status not in ("completed", "failed", "cancelled", "expired"):
        time.sleep(0.02)
        batch = client.batches.retrieve(batch.id)
    return batch


def upload(lines, name="input.jsonl"):
    content = "\n".join(json.dumps(line) for line in lines) if isinstance(lines, list) else lines
    return client.files.create(file=(name, content.encode()), purpose="batch")


def line(custom_id, **changes):
    body = {"model": "fast", "messages": messages, "max_tokens": 10}
    whole = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body, **changes}
    return {name: value for name, value in whole.items() if value is not None}


def create(file_id, **changes):
    order = {"input_file_id": file_id, "endpoint": "/v1/chat/completions", "completion_window": "24h", **changes}
    return client.batches.create(**order)


step("a call")
reply = client.chat.completions.create(model="fast", messages=messages)
assert reply.choices[0].message.content == "Hello from the mock server.", reply
assert reply.usage.total_tokens > 0

step("a stream")
stream = client.chat.completions.create(model="fast", messages=messages, stream=True)
text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
assert text == "Hello from the mock server.", text

step("embeddings and text completions")
assert len(client.embeddings.create(model="openai/text-embedding-3-small", input=["a", "b"]).data) == 2
assert client.completions.create(model="openai/gpt-3.5-turbo-instruct", prompt="Hi").choices[0].text

step("models")
assert [model.id for model in client.models.list()] == ["fast"]

step("failures keep their classes")
assert refused(openai.NotFoundError, lambda: client.chat.completions.create(model="nothing", messages=messages)).code == "model_not_found"
assert refused(openai.BadRequestError, lambda: client.chat.completions.create(model="fast", messages=[])).param == "messages"
stranger = openai.OpenAI(base_url=base_url, api_key="sk-of-nobody", max_retries=0)
assert refused(openai.AuthenticationError, stranger.models.list).code == "invalid_api_key"

step("the life of a file")
file = upload([line("a")])
assert (file.object, file.purpose, file.filename) == ("file", "batch", "input.jsonl"), file
assert client.files.retrieve(file.id) == file
assert json.loads(client.files.content(file.id).text)["custom_id"] == "a"
assert file.id in [one.id for one in client.files.list(purpose="batch")]
assert client.files.delete(file.id).deleted
refused(openai.NotFoundError, lambda: client.files.retrieve(file.id))
assert "Invalid file format" in str(refused(openai.BadRequestError, lambda: upload("{malformed json")))

step("the life of a batch")
file = upload([line("a"), line("b")])
batch = create(file.id, metadata={"job": "nightly"})
assert batch.status == "validating" and batch.metadata == {"job": "nightly"}
done = ended(batch)
assert done.status == "completed" and done.request_counts.completed == 2, done
rows = [json.loads(row) for row in client.files.content(done.output_file_id).text.splitlines()]
assert sorted(row["custom_id"] for row in rows) == ["a", "b"]
assert all(row["response"]["status_code"] == 200 and row["error"] is None for row in rows)
assert "Cannot cancel" in str(refused(openai.ConflictError, lambda: client.batches.cancel(done.id)))
assert done.id in [one.id for one in client.batches.list(limit=1)]

step("what is refused at once, and what fails later")
error = refused(openai.BadRequestError, lambda: create(file.id, endpoint="/v1/invalid/endpoint"))
assert (error.param, error.code) == ("endpoint", "invalid_value"), error.body
error = refused(openai.BadRequestError, lambda: create(file.id, metadata={"tags": ["a"]}))
assert (error.param, error.code) == ("metadata.tags", "invalid_type"), error.body
missing = ended(create("file-nonexistent-xyz"))
assert missing.status == "failed" and "cannot find file" in missing.errors.data[0].message.lower(), missing
broken = ended(create(upload([line(None), line("b", method=None), line("c", url=None), line("d", body=None)]).id))
assert [(e.code, e.line, e.param) for e in broken.errors.data] == [
    ("missing_required_parameter", 1, "custom_id"),
    ("missing_required_parameter", 2, "method"),
    ("missing_required_parameter", 3, "url"),
    ("missing_required_parameter", 4, "body"),
], broken.errors

step("a cancelled batch")
batch = create(upload([line(f"l{n}") for n in range(300)]).id)
assert client.batches.cancel(batch.id).status in ("cancelling", "cancelled")
assert ended(batch).status == "cancelled"

print(f"{steps} steps, openai {openai.__version__}")
