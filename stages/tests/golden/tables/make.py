"""Makes the tables here that say who wrote them: `pip install pyarrow pandas polars duckdb`, then run this in its folder."""

import datetime
import decimal

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet

ROWS = {
    "value": [0.5, float("nan")],
    "note": ["further columns", "are ignored"],
    "metric": ["val_loss", "val_loss"],
    "epoch": [1, 2],
    "seed": [3, 4],
    "method": ["ridge, 4", "ridge, 4"],
    "protocol": ["as-run", "as-run"],
    "experiment": ["é", "é"],
}

# pandas writes NaN as null, the others as NaN.
frame = pandas.DataFrame(ROWS)
frame.to_parquet("pandas.parquet")
frame.astype({"value": "float32", "seed": "int32", "method": "category"}).to_parquet("pandas_small.parquet", index=False)
polars.DataFrame(ROWS).write_parquet("polars.parquet")
duckdb.sql("copy (select * from frame) to 'duckdb.parquet'")
table = pyarrow.table(ROWS)
for codec in ("gzip", "brotli", "lz4", "zstd", "none"):
    pyarrow.parquet.write_table(table, f"pyarrow_{codec}.parquet", compression=codec, data_page_version="2.0")
pyarrow.parquet.write_table(table, "pyarrow_groups.parquet", row_group_size=1)

pyarrow.parquet.write_table(pyarrow.table({**ROWS, "seed": ["3", "4"]}), "bad_text.parquet")
pyarrow.parquet.write_table(pyarrow.table({**ROWS, "seed": [3, -4]}), "bad_negative.parquet")
pyarrow.parquet.write_table(pyarrow.table({**ROWS, "metric": ["val_loss", None]}), "bad_null.parquet")
pyarrow.parquet.write_table(table.drop_columns(["metric"]), "bad_missing.parquet")

day = datetime.datetime(2026, 1, 2, 3, 4, 5)
kinds = {
    "truth": pyarrow.array([True, None]),
    "text": pyarrow.array(["a", None]),
    "large": pyarrow.array(["b", "c"], pyarrow.large_string()),
    "view": pyarrow.array(["d", "e"], pyarrow.string_view()),
    "day": pyarrow.array([day.date(), None]),
    "time": pyarrow.array([day, None], pyarrow.timestamp("us")),
    "decimal": pyarrow.array([decimal.Decimal("1.5"), None], pyarrow.decimal128(5, 2)),
    "bytes": pyarrow.array([b"\xff", None]),
    "half": pyarrow.array([1.5, None], pyarrow.float16()),
    "list": pyarrow.array([[1], None]),
    "struct": pyarrow.array([{"a": 1}, None]),
}
pyarrow.parquet.write_table(pyarrow.table(kinds), "pyarrow_kinds.parquet")
