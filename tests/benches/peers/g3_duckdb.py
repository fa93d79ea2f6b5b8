"""The import as one would write it for DuckDB: load, checks by expressions, match by e-mail, both files.

No E.164, no names of the reasons, nothing kept. `accounts` is the directory (a CSV file), or a database that has it.
"""

import json
import sys

import duckdb

EMAIL = r"[a-z0-9.!#$%&''*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+"
PHONE = r"(?:\+|00)?[0-9]{8,15}"
WEBSITE = r"(?:https?://)?[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/.*)?"
CHECKED = f"""
create temp table checked as select *,
    regexp_full_match(lower(trim("E-mail")), '{EMAIL}') as email_ok,
    regexp_full_match(regexp_replace(Phone, '[ ().-]', '', 'g'), '{PHONE}') as phone_ok,
    regexp_full_match(lower(trim(Website)), '{WEBSITE}') as website_ok
from read_csv(?, header = true, all_varchar = true)
"""
SUCCEEDED = """
copy (
    select checked.* exclude (email_ok, phone_ok, website_ok), accounts.account_id
    from checked left join accounts on accounts.email = lower(trim(checked."E-mail"))
    where email_ok and phone_ok and website_ok
) to '{}/succeeded.csv' (header)
"""
FAILED = """
copy (
    select * exclude (email_ok, phone_ok, website_ok),
        concat_ws(' ', if(email_ok, null, 'email'), if(phone_ok, null, 'phone'), if(website_ok, null, 'website')) as errors
    from checked where not (email_ok and phone_ok and website_ok)
) to '{}/failed.csv' (header)
"""


def main():
    accounts, contacts, out = sys.argv[1:]
    if accounts.endswith(".csv"):
        database = duckdb.connect()
        load(database, accounts)
    else:
        database = duckdb.connect(accounts, read_only=contacts != "-")
    if contacts == "-":
        load(database, out)
        return
    database.execute(CHECKED, [contacts])
    succeeded, failed = (database.execute(query.format(out)).fetchone()[0] for query in (SUCCEEDED, FAILED))
    print(json.dumps({"succeeded": succeeded, "failed": failed}))


def load(database, accounts):
    database.execute("create table accounts as from read_csv(?, header = true, all_varchar = true)", [accounts])


if __name__ == "__main__":
    main()
