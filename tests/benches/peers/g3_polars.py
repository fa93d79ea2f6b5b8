"""The same import as one would write it for Polars; see `g3_duckdb.py` for what is the same and what it leaves out.

Contacts are kept as a Parquet file, which an upsert writes anew: Polars has no table with a primary key.
"""

import json
import os
import pathlib
import sys

import polars as pl
import polars_hash  # noqa: F401  (adds the hashes to expressions)

EMAIL = (
    r"^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$"
)
PHONE = (
    r"^\+(?:55[1-9][0-9](?:9[0-9]{8}|[2-5][0-9]{7})|49[1-9][0-9]{5,12}|33[1-9][0-9]{8}|34[6-9][0-9]{8}"
    r"|1[2-9][0-9]{2}[2-9][0-9]{6}|44[1-9][0-9]{8,9})$"
)
WEBSITE = r"^(?:https?://)?(?:www\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:[/?#].*)?$"
FIELDS = ["name", "email", "phone", "website", "country", "note"]
UNIT = "\x1f"


def main():
    store, contacts, out = (pathlib.Path(word) if word != "-" else None for word in sys.argv[1:])
    if contacts is None:
        load(store, out)
        return
    out.mkdir(parents=True, exist_ok=True)
    cells = pl.read_csv(contacts, infer_schema=False).with_row_index("row", offset=1)
    rows = match(check(cells), store)
    known = pl.read_parquet(store / "contacts.parquet")
    rows = compare(rows, known)
    write(cells, rows, known, out)
    taken = rows.filter(~pl.col("refused"))
    upsert(taken, known, store)
    counts = rows.group_by("outcome").len().sort("outcome")
    print(json.dumps({"counts": dict(counts.iter_rows())}))


def check(cells):
    """Cleans and checks every row."""
    digits = pl.col("Phone").str.replace_all("[^0-9+]", "")
    cleaned = cells.select(
        "row",
        pl.col("Name").str.strip_chars().str.replace_all(" +", " ").alias("name"),
        pl.col("E-mail").str.strip_chars().str.strip_chars_end(".,;").str.to_lowercase().alias("email"),
        pl.when(digits.str.starts_with("+")).then(digits).otherwise("+55" + digits).alias("phone"),
        digits.str.starts_with("+").alias("international"),
        pl.col("Website").str.strip_chars().alias("website"),
        pl.col("Website").str.to_lowercase().str.extract(WEBSITE, 1).alias("domain"),
        pl.col("Country").str.strip_chars().alias("country"),
        pl.col("Note").str.strip_chars().alias("note"),
    )
    identity = pl.lit(f"acme{UNIT}partners{UNIT}") + pl.col("email")
    judged = cleaned.with_columns(
        pl.col("email").str.contains(EMAIL).alias("email_ok"),
        pl.col("phone").str.contains(PHONE).alias("phone_ok"),
        identity.chash.sha2_256().str.slice(0, 32).alias("contact_id"),
        (pl.int_range(pl.len()).over("email") > 0).alias("seen"),
    )
    faults = [
        (pl.col("name").is_null() | (pl.col("name") == ""), "name:required_missing", "name: is required"),
        (~pl.col("email_ok"), "email:email_invalid", "email: is not an e-mail address"),
        (~pl.col("phone_ok"), "phone:phone_invalid", "phone: is not a phone number"),
        (pl.col("website").is_not_null() & pl.col("domain").is_null(), "website:url_invalid", "website: is not a website"),
        (pl.col("email_ok") & pl.col("seen"), "row:duplicate_in_file", "row: repeats an earlier row"),
    ]

    def told(place, separator):
        parts = [pl.when(fault[0]).then(pl.lit(fault[place])) for fault in faults]
        return pl.concat_str(parts, separator=separator, ignore_nulls=True)

    return judged.with_columns(
        told(1, " ").alias("errors"),
        told(2, " | ").alias("messages"),
        pl.when(pl.col("international")).then(pl.lit("")).otherwise(pl.lit("phone:phone_country_assumed")).alias("warnings"),
    ).with_columns((pl.col("errors") != "").alias("refused"))


def match(rows, store):
    """Looks for the account under three keys, best first."""
    keys = pl.read_parquet(store / "keys.parquet")
    for kind, column in (("email", "email"), ("website", "domain"), ("phone", "phone")):
        of_kind = keys.filter(pl.col("kind") == kind).drop("kind").rename(lambda name, kind=kind: f"{kind}_{name}")
        rows = rows.join(of_kind, left_on=column, right_on=f"{kind}_key", how="left", maintain_order="left")
    kinds = ("email", "website", "phone")
    best = [pl.col(f"{kind}_account_id") for kind in kinds]
    several = pl.coalesce(pl.col(f"{kind}_several") for kind in kinds)
    return rows.with_columns(
        pl.coalesce(best).alias("account_id"),
        pl.coalesce(pl.col(f"{kind}_name") for kind in kinds).alias("account_name"),
        pl.coalesce(
            pl.when(pl.col(f"{kind}_account_id").is_not_null()).then(pl.lit(kind)) for kind in kinds
        ).alias("matched_by"),
        pl.when(several > 1)
        .then(pl.coalesce(pl.col(f"{kind}_candidates") for kind in kinds))
        .otherwise(pl.lit(""))
        .alias("candidates"),
    )


def compare(rows, known):
    """Says what each row does to its contact."""
    old = known.select("contact_id", *(pl.col(field).alias(f"old_{field}") for field in FIELDS))
    rows = rows.join(old, on="contact_id", how="left", maintain_order="left")
    exists = pl.col("old_email").is_not_null()
    differs = [pl.col(field).is_not_null() & pl.col(field).ne_missing(pl.col(f"old_{field}")) for field in FIELDS]
    outcome = (
        pl.when(pl.col("refused")).then(pl.lit("rejected"))
        .when(~exists).then(pl.lit("created"))
        .when(pl.any_horizontal(differs)).then(pl.lit("updated"))
        .otherwise(pl.lit("unchanged"))
    )
    return rows.with_columns(outcome.alias("outcome"))


def write(cells, rows, known, out):
    """Writes the result files and the changes, in file order."""
    both = cells.hstack(rows.drop("row"))
    sent = [name for name in cells.columns if name != "row"]
    both.filter(~pl.col("refused")).select(
        *sent, pl.col("row").alias("rollcall_row"), pl.col("outcome").alias("rollcall_outcome"),
        pl.col("contact_id").alias("rollcall_contact_id"), pl.col("account_id").alias("rollcall_account_id"),
        pl.col("account_name").alias("rollcall_account_name"), pl.col("matched_by").alias("rollcall_matched_by"),
        pl.col("candidates").alias("rollcall_candidates"), pl.col("email").alias("rollcall_invite_to"),
        pl.col("warnings").alias("rollcall_warnings"),
    ).write_csv(out / "succeeded.csv")
    both.filter(pl.col("refused")).select(
        *sent, pl.col("row").alias("rollcall_row"), pl.col("outcome").alias("rollcall_outcome"),
        pl.col("errors").alias("rollcall_errors"), pl.col("messages").alias("rollcall_messages"),
        pl.col("warnings").alias("rollcall_warnings"),
    ).write_csv(out / "failed.csv")
    updated = rows.filter(pl.col("outcome") == "updated")
    changes = [
        updated.select(
            "row", "contact_id", pl.lit(field).alias("field"), pl.col(f"old_{field}").alias("before"),
            pl.col(field).alias("after"),
        ).filter(pl.col("after").is_not_null() & pl.col("after").ne_missing(pl.col("before")))
        for field in FIELDS
    ]
    pl.concat(changes).sort("row", maintain_order=True).write_csv(out / "changes.csv")


def upsert(taken, known, store):
    """Writes all contacts anew."""
    new = taken.select(
        "contact_id", *(pl.coalesce(field, f"old_{field}").alias(field) for field in FIELDS), "account_id",
        pl.lit("import").alias("import_id"),
    )
    kept = known.join(new, on="contact_id", how="anti")
    part = store / "contacts.part"
    pl.concat([kept, new]).sort("contact_id").write_parquet(part)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.rename(store / "contacts.parquet")


def load(store, accounts):
    """Makes a store: the directory's keys, and no contact."""
    store.mkdir(parents=True)
    accounts = pl.read_csv(accounts, infer_schema=False)
    order = ["activity", "created_at", "account_id"]
    kinds = []
    for kind, key in (
        ("email", pl.col("email").str.strip_chars().str.to_lowercase()),
        ("website", pl.col("website").str.to_lowercase().str.extract(WEBSITE, 1)),
        ("phone", pl.col("phone")),
    ):
        of_kind = accounts.with_columns(key.alias("key"), pl.col("activity").cast(pl.Int64)).filter(pl.col("key").is_not_null())
        best = of_kind.sort(order, descending=[True, False, False]).group_by("key", maintain_order=True).agg(
            pl.col("account_id").first(), pl.col("name").first(),
            pl.col("account_id").sort().str.join(" ").alias("candidates"), pl.len().alias("several"),
        )
        kinds.append(best.with_columns(pl.lit(kind).alias("kind")))
    pl.concat(kinds).write_parquet(store / "keys.parquet")
    columns = ["contact_id", *FIELDS, "account_id", "import_id"]
    pl.DataFrame(schema=dict.fromkeys(columns, pl.String)).write_parquet(store / "contacts.parquet")


if __name__ == "__main__":
    main()
