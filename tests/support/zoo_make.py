"""Files a zoo case cannot hold as text: compressed, binary, damaged, linked. Each maker changes a project in place."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from support.given_project import truth

CARDS = "data_cards"


def _card(root: Path, *changes: tuple[str, str]) -> None:
    path = root / CARDS / "toy.md"
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


def _table(root: Path) -> pa.Table:
    import pyarrow.csv as pc

    names = ["id", "text", "label", "region", "age", "person"]
    strings = pc.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    return pc.read_csv(root / CARDS / "toy.csv", convert_options=strings)


def _as_parquet(root: Path, table: pa.Table, **options: object) -> Path:
    path = root / CARDS / "toy.parquet"
    pq.write_table(table, path, **options)
    _card(root, ("path: toy.csv", "path: toy.parquet"))
    return path


def latin1(root: Path) -> None:
    path = root / CARDS / "toy.csv"
    path.write_bytes(path.read_bytes().replace(b"apple", "äpfel".encode("latin-1"), 1))


def latin1_audit(root: Path) -> None:
    path = root / "audits" / "audit.yaml"
    path.write_bytes(path.read_bytes().replace(b"A toy", "Ä toy".encode("latin-1"), 1))


def bom(root: Path) -> None:
    path = root / CARDS / "toy.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def gzipped(root: Path) -> None:
    (root / CARDS / "toy.csv.gz").write_bytes(gzip.compress((root / CARDS / "toy.csv").read_bytes(), mtime=0))
    _card(root, ("path: toy.csv", "path: toy.csv.gz"))


def gzip_named_csv(root: Path) -> None:
    path = root / CARDS / "toy.csv"
    path.write_bytes(gzip.compress(path.read_bytes(), mtime=0))


def csv_named_parquet(root: Path) -> None:
    (root / CARDS / "toy.parquet").write_bytes((root / CARDS / "toy.csv").read_bytes())
    _card(root, ("path: toy.csv", "path: toy.parquet"))


def control_character(root: Path) -> None:
    path = root / CARDS / "toy.csv"
    path.write_bytes(path.read_bytes().replace(b"plum", b"pl\x00m", 1))


def parquet_cut(root: Path) -> None:
    path = _as_parquet(root, _table(root))
    path.write_bytes(path.read_bytes()[:-8])


def parquet_nested(root: Path) -> None:
    table = _table(root)
    _as_parquet(root, table.set_column(1, "text", pa.array([[v] for v in table["text"].to_pylist()])))


def parquet_extension(root: Path) -> None:
    table = _table(root)
    uuids = pa.array([bytes(16)] * table.num_rows, pa.uuid())
    _as_parquet(root, table.set_column(1, "text", uuids))


def parquet_empty(root: Path) -> None:
    _as_parquet(root, _table(root).slice(0, 0))


def parquet_noise(root: Path) -> None:
    (root / CARDS / "toy.parquet").write_bytes(b"\0\1\2\3" * 10)
    _card(root, ("path: toy.csv", "path: toy.parquet"))


def symlink(root: Path) -> None:
    path = root / CARDS / "toy.csv"
    path.rename(root / "elsewhere.csv")
    path.symlink_to(root / "elsewhere.csv")


def fifo(root: Path) -> None:
    (root / CARDS / "toy.csv").unlink()
    os.mkfifo(root / CARDS / "toy.csv")


def directory(root: Path) -> None:
    (root / CARDS / "toy.csv").unlink()
    (root / CARDS / "toy.csv").mkdir()


def empty_file(root: Path) -> None:
    (root / CARDS / "toy.csv").write_bytes(b"")


def twin_audit(root: Path) -> None:
    (root / "audits" / "Audit.yaml").write_text((root / "audits" / "audit.yaml").read_text())


def pickle_weights(root: Path) -> None:
    (root / "models" / "tiny" / "model.safetensors").rename(root / "models" / "tiny" / "pytorch_model.bin")


def pickle_renamed(root: Path) -> None:
    (root / "models" / "tiny" / "model.safetensors").write_bytes(b"\x80\x04\x95" + b"x" * 100)


def weights_cut(root: Path) -> None:
    path = root / "models" / "tiny" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-3])


def shard_missing(root: Path) -> None:
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "../x.safetensors", "w": "model.safetensors"}}
    (root / "models" / "tiny" / "model.safetensors.index.json").write_text(json.dumps(index))


def needs_code(root: Path) -> None:
    config = {
        "architectures": ["X"],
        "auto_map": {"AutoModel": "modeling.X"},
        "nested": {"_attn_implementation_internal": "y"},
    }
    (root / "models" / "tiny" / "config.json").write_text(json.dumps(config))


def _model_file(root: Path, name: str, content: object) -> None:
    path = root / "models" / "tiny" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def deep_config(root: Path) -> None:
    _model_file(root, "config.json", '{"a":' + "[" * 100 + "]" * 100 + "}")


def kernels(root: Path) -> None:
    _model_file(root, "config.json", {"text_config": {"attn_implementation": "someone/kernels:attention"}})


def quantised(root: Path) -> None:
    _model_file(root, "config.json", {"quantization_config": {"quant_method": "gptq", "bits": 4}})


def no_tokenizer(root: Path) -> None:
    (root / "models" / "tiny" / "vocab.txt").unlink()


def small_tokenizer(root: Path) -> None:
    _model_file(root, "config.json", {"architectures": ["BertModel"], "vocab_size": 30522})
    _model_file(root, "tokenizer.json", {"model": {"vocab": {"[UNK]": 0, "a": 1}}, "added_tokens": []})


def adapter_beside(root: Path) -> None:
    _model_file(root, "adapter_config.json", {"peft_type": "LORA"})


def adapter_alone(root: Path) -> None:
    adapter_beside(root)
    (root / "models" / "tiny" / "config.json").unlink()


def head_labels(root: Path) -> None:
    """A head of three labels, of which one means a class of the card's."""
    labels = {"0": "fruit", "1": "TOOL", "2": "beast"}
    _model_file(root, "config.json", {"architectures": ["BertForSequenceClassification"], "id2label": labels})


def labels_with_a_gap(root: Path) -> None:
    labels = {"0": "fruit", "2": "tool", "3": "animal"}
    _model_file(root, "config.json", {"architectures": ["BertForSequenceClassification"], "id2label": labels})


def sentence_model(root: Path) -> None:
    """One that reads texts behind a prompt, with a layer behind its pooling."""
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Dense": "Dense"}
    modules = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for path, kind in kinds.items()]
    _model_file(root, "modules.json", modules)
    _model_file(root, "1_Pooling/config.json", {"pooling_mode": "cls"})
    prompts = {"prompts": {"query": "query: "}, "default_prompt_name": "query"}
    _model_file(root, "config_sentence_transformers.json", prompts)


def sentence_model_of_words(root: Path) -> None:
    _model_file(root, "modules.json", [{"path": "", "type": "sentence_transformers.models.WordEmbeddings"}])


def no_config(root: Path) -> None:
    (root / "models" / "tiny" / "config.json").unlink()


def _pictures(root: Path) -> Path:
    """Turn the toy project into one of pictures: one PNG per row."""
    folder = root / CARDS / "pictures"
    folder.mkdir()
    names = [f"{i}.png" for i in range(48)]
    for i, name in enumerate(names):
        Image.fromarray(np.full((4, 4), 5 * i, dtype=np.uint8)).save(folder / name)
    path = root / CARDS / "toy.csv"
    lines = path.read_text().splitlines()
    path.write_text(
        "\n".join([lines[0] + ",picture", *(f"{line},{name}" for line, name in zip(lines[1:], names, strict=True))])
        + "\n"
    )
    _card(
        root,
        ("person: text}", "person: text, picture: text}"),
        ("input: {text: text}", "input: {image: picture, folder: pictures}"),
    )
    audit = root / "audits" / "audit.yaml"
    audit.write_text(audit.read_text().replace("family: text", "family: image"))
    return folder


def picture_missing(root: Path) -> None:
    (_pictures(root) / "3.png").unlink()


def picture_twice(root: Path) -> None:
    _pictures(root)
    path = root / CARDS / "toy.csv"
    path.write_text(path.read_text().replace(",4.png", ",5.png"))


def pictures_turned(root: Path) -> None:
    folder, tag = _pictures(root), Image.Exif()
    for name, value in (("0.png", 6), ("1.png", 3), ("2.png", 1)):
        tag[0x0112] = value
        with Image.open(folder / name) as picture:
            picture.load()
            picture.save(folder / name, exif=tag)


def pictures_dim(root: Path) -> None:
    """Two of 12 bits in 16, one that uses all of its 16."""
    folder = _pictures(root)
    for name, most in (("0.png", 4095), ("1.png", 4000), ("2.png", 65535)):
        levels = np.linspace(0, most, 16).reshape(4, 4).astype(np.uint16)
        Image.fromarray(levels).save(folder / name)


def pictures_of_phones(root: Path) -> None:
    """One JPEG with a second, smaller picture behind the first."""
    folder = _pictures(root)
    first, second = (Image.fromarray(np.full((side, side, 3), 90, dtype=np.uint8)) for side in (8, 4))
    first.save(folder / "0.png", format="MPO", save_all=True, append_images=[second])


def pictures_damaged(root: Path) -> None:
    folder = _pictures(root)
    (folder / "0.png").write_bytes(b"")
    (folder / "1.png").write_bytes(b"<html>not found</html>")
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:40])
    Image.fromarray(np.zeros((4, 4), dtype=np.uint8)).save(folder / "3.png", format="TIFF")
    frames = [Image.fromarray(np.full((4, 4), v, dtype=np.uint8)) for v in (0, 255)]
    buffer = io.BytesIO()
    frames[0].save(buffer, format="PNG", save_all=True, append_images=frames[1:])
    (folder / "4.png").write_bytes(buffer.getvalue())
    Image.new("1", (9000, 9000)).save(folder / "5.png")


def pictures_clash(root: Path) -> None:
    folder = _pictures(root)
    (folder / "7.png").rename(folder / "Cat.png")
    (folder / "8.png").rename(folder / "cat.png")
    path = root / CARDS / "toy.csv"
    path.write_text(path.read_text().replace(",7.png", ",Cat.png").replace(",8.png", ",cat.png"))


def object_array(root: Path) -> None:
    """An array file that holds Python objects, which would need a pickle."""
    _pictures(root)
    np.savez(root / CARDS / "pictures.npz", images=np.array([{"a": 1}, None], dtype=object))
    import hashlib

    digest = hashlib.sha256((root / CARDS / "pictures.npz").read_bytes()).hexdigest()
    # The digest of an archive with a time stamp changes: the message does not hold it.
    _card(
        root,
        ("picture: text}", "picture: text}"),
        ("input: {image: picture, folder: pictures}", f"input: {{array: pictures.npz, sha256: {digest}, index: age}}"),
    )


def long_header(root: Path) -> None:
    """A safetensors header that claims to be longer than the file."""
    (root / "models" / "tiny" / "model.safetensors").write_bytes(struct.pack("<Q", 10**12) + b"{}")


ANSWERS = "audits/answers.csv"


def wide_answers(root: Path) -> None:
    """A row per item instead of a row per answer."""
    lines = [f"{item},{label},{label}" for item, label in truth(root).items()]
    (root / ANSWERS).write_text("\n".join(["item,before,after", *lines, ""]))


def linked_answers(root: Path) -> None:
    (root / ANSWERS).rename(root / "audits" / "elsewhere.csv")
    (root / ANSWERS).symlink_to("elsewhere.csv")


def empty_answers(root: Path) -> None:
    (root / ANSWERS).write_text("")


def shouted_answers(root: Path) -> None:
    header, *lines = (root / ANSWERS).read_text().splitlines()
    shouted = [f"{rest},{pred.upper()}" for rest, _, pred in (line.rpartition(",") for line in lines)]
    (root / ANSWERS).write_text("\n".join([header, *shouted, ""]))


def foreign_answers(root: Path) -> None:
    header, *lines = (root / ANSWERS).read_text().splitlines()
    other = [f"{rest},thing-{pred}" for rest, _, pred in (line.rpartition(",") for line in lines)]
    (root / ANSWERS).write_text("\n".join([header, *other, ""]))


def only_after(root: Path) -> None:
    lines = (root / ANSWERS).read_text().splitlines()
    (root / ANSWERS).write_text("\n".join(line for line in lines if ",before," not in line) + "\n")


def many_columns(root: Path) -> None:
    path = root / CARDS / "toy.csv"
    header, *rows = path.read_text().splitlines()
    more = "".join(f",c{i}" for i in range(2001)), "," * 2001
    path.write_text("\n".join([header + more[0], *(row + more[1] for row in rows), ""]))


def constant_number(root: Path) -> None:
    path = root / CARDS / "toy.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *(re.sub(",(fruit|tool|animal),", ",7,", row) for row in rows), ""]))
    classes = "    type: multiclass\n    classes: [fruit, tool, animal]\n"
    _card(root, (classes, "    type: number\n    measured_in: days\n"), ("label: text", "label: number"))


def nobody_belongs(root: Path) -> None:
    path = root / CARDS / "toy.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace(",north,", ",,").replace(",south,", ",,"), encoding="utf-8"
    )
    _card(root, ("values: [north, south], ", ""))


MAKERS: dict[str, Callable[[Path], None]] = {
    maker.__name__: maker
    for maker in (
        wide_answers,
        linked_answers,
        empty_answers,
        shouted_answers,
        foreign_answers,
        only_after,
        latin1,
        latin1_audit,
        bom,
        gzipped,
        gzip_named_csv,
        csv_named_parquet,
        control_character,
        parquet_cut,
        parquet_nested,
        parquet_extension,
        parquet_empty,
        parquet_noise,
        symlink,
        fifo,
        directory,
        empty_file,
        twin_audit,
        pickle_weights,
        pickle_renamed,
        weights_cut,
        shard_missing,
        needs_code,
        deep_config,
        kernels,
        quantised,
        no_tokenizer,
        small_tokenizer,
        adapter_beside,
        adapter_alone,
        head_labels,
        labels_with_a_gap,
        sentence_model,
        sentence_model_of_words,
        no_config,
        picture_missing,
        picture_twice,
        pictures_damaged,
        pictures_turned,
        pictures_dim,
        pictures_of_phones,
        pictures_clash,
        object_array,
        long_header,
        many_columns,
        constant_number,
        nobody_belongs,
    )
}
