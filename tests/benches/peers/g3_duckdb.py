"""The same import as one would write it for DuckDB, as generous to it as is honest.

It loads the file, checks every row with a code and a message, makes E.164 by a rule for each country of the list, finds
repeats, matches three keys against the directory, derives contact ids, upserts into a table that is kept, tells what
changed, and writes both files in file order. What it leaves out: encodings, dialects and ragged rows (the list has none),
physical line numbers, the numbering plans of countries that the list does not have, the report and the e-mail. The
directory's keys are grouped when it is loaded, which is not counted.
"""

import json
import pathlib
import sys

import duckdb

EMAIL = r"[a-z0-9!#$%&''*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&''*+/=?^_`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
PHONE = (
    r"\+(?:55[1-9][0-9](?:9[0-9]{8}|[2-5][0-9]{7})|49[1-9][0-9]{5,12}|33[1-9][0-9]{8}|34[6-9][0-9]{8}"
    r"|1[2-9][0-9]{2}[2-9][0-9]{6}|44[1-9][0-9]{8,9})"
)
WEBSITE = r"^(?:https?://)?(?:www\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:[/?#].*)?$"

LOAD = f"""
create table accounts as from read_csv(?, header = true, all_varchar = true);
create table keys as
with keys as (
    select 'email' as kind, lower(trim(email)) as key, * exclude (email) from accounts where email is not null
    union all by name
    select 'website' as kind, regexp_extract(lower(website), '{WEBSITE}', 1) as key, * exclude (email, website)
    from accounts where website is not null
    union all by name
    select 'phone' as kind, phone as key, * exclude (email, phone) from accounts where phone is not null
)
select kind, key, first(account_id order by activity::int desc, created_at, account_id) as account_id,
    first(name order by activity::int desc, created_at, account_id) as name,
    string_agg(account_id, ' ' order by account_id) as candidates, count(*) as several
from keys group by kind, key;
create table contacts (
    contact_id varchar primary key, name varchar, email varchar, phone varchar, website varchar, country varchar,
    note varchar, account_id varchar, import_id varchar
);
"""

CELLS = """
create temp table cells as
select row_number() over () as row, * from read_csv(?, header = true, all_varchar = true)
"""

CHECKED = f"""
create temp table checked as
with cleaned as (
    select row, regexp_replace(trim(Name), ' +', ' ', 'g') as name, lower(rtrim(trim("E-mail"), '.,;')) as email,
        regexp_replace(Phone, '[^0-9+]', '', 'g') as digits, trim(Website) as website, trim(Country) as country,
        trim(Note) as note
    from cells
), judged as (
    select *, regexp_full_match(email, '{EMAIL}') as email_ok,
        if(digits[1] = '+', digits, '+55' || digits) as phone,
        regexp_full_match(if(digits[1] = '+', digits, '+55' || digits), '{PHONE}') as phone_ok,
        regexp_extract(lower(website), '{WEBSITE}', 1) as domain
    from cleaned
)
select *, sha256('acme' || chr(31) || 'partners' || chr(31) || email)[:32] as contact_id,
    if(email_ok, row_number() over (partition by email order by row), 1) > 1 as repeat,
    concat_ws(' ', if(name is null or name = '', 'name:required_missing', null),
        if(email_ok, null, 'email:email_invalid'), if(digits is null or digits = '' or phone_ok, null, 'phone:phone_invalid'),
        if(website is null or domain <> '', null, 'website:url_invalid')) as errors,
    concat_ws(' | ', if(name is null or name = '', 'name: is required', null),
        if(email_ok, null, 'email: is not an e-mail address: ' || email),
        if(digits is null or digits = '' or phone_ok, null, 'phone: is not a phone number: ' || digits),
        if(website is null or domain <> '', null, 'website: is not a website: ' || website)) as messages,
    if(digits[1] = '+', '', 'phone:phone_country_assumed') as warnings
from judged
"""

MATCHED = """
create temp table matched as
select checked.*, coalesce(by_email.account_id, by_website.account_id, by_phone.account_id) as account_id,
    coalesce(by_email.name, by_website.name, by_phone.name) as account_name,
    case when by_email.key is not null then 'email' when by_website.key is not null then 'website'
        when by_phone.key is not null then 'phone' end as matched_by,
    if(coalesce(by_email.several, by_website.several, by_phone.several) > 1,
        coalesce(by_email.candidates, by_website.candidates, by_phone.candidates), '') as candidates,
    known.contact_id is not null as exists,
    coalesce(known.name is distinct from checked.name or known.phone is distinct from checked.phone
        or known.website is distinct from checked.website or known.country is distinct from checked.country
        or known.note is distinct from coalesce(checked.note, known.note), false) as changed
from checked
left join keys as by_email on by_email.kind = 'email' and by_email.key = checked.email
left join keys as by_website on by_website.kind = 'website' and by_website.key = checked.domain
left join keys as by_phone on by_phone.kind = 'phone' and by_phone.key = checked.phone
left join contacts as known on known.contact_id = checked.contact_id
"""

CHANGES = """
copy (
    select row, matched.contact_id, field, before, after from (
        select row, matched.contact_id, unnest(['name', 'phone', 'website', 'country', 'note']) as field,
            unnest([known.name, known.phone, known.website, known.country, known.note]) as before,
            unnest([matched.name, matched.phone, matched.website, matched.country, matched.note]) as after
        from matched join contacts as known on known.contact_id = matched.contact_id where errors = '' and not repeat
    ) as matched where after is not null and before is distinct from after order by row
) to '{}/changes.csv' (header)
"""

UPSERT = """
insert into contacts
select contact_id, name, email, phone, website, country, note, account_id, 'import'
from matched where errors = '' and not repeat order by contact_id
on conflict do update set name = excluded.name, phone = excluded.phone, website = excluded.website,
    country = excluded.country, note = coalesce(excluded.note, contacts.note), account_id = excluded.account_id,
    import_id = excluded.import_id
"""

SUCCEEDED = """
copy (
    select cells.* exclude (row), row as rollcall_row,
        if(exists, if(changed, 'updated', 'unchanged'), 'created') as rollcall_outcome, contact_id as rollcall_contact_id,
        account_id as rollcall_account_id, account_name as rollcall_account_name, matched_by as rollcall_matched_by,
        candidates as rollcall_candidates, email as rollcall_invite_to, warnings as rollcall_warnings
    from cells join matched using (row) where errors = '' and not repeat order by row
) to '{}/succeeded.csv' (header)
"""

FAILED = """
copy (
    select cells.* exclude (row), row as rollcall_row, 'rejected' as rollcall_outcome,
        concat_ws(' ', nullif(errors, ''), if(repeat, 'row:duplicate_in_file', null)) as rollcall_errors,
        concat_ws(' | ', nullif(messages, ''), if(repeat, 'row: repeats an earlier row', null)) as rollcall_messages,
        warnings as rollcall_warnings
    from cells join matched using (row) where errors <> '' or repeat order by row
) to '{}/failed.csv' (header)
"""


def main():
    database, contacts, out = sys.argv[1:]
    if contacts == "-":
        load(database, out)
        return
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    with duckdb.connect(database) as database:
        database.execute("begin")
        database.execute(CELLS, [contacts])
        database.execute(CHECKED)
        database.execute(MATCHED)
        database.execute(CHANGES.format(out))
        succeeded, failed = (database.execute(query.format(out)).fetchone()[0] for query in (SUCCEEDED, FAILED))
        database.execute(UPSERT)
        outcomes = "select if(errors <> '' or repeat, 'rejected', if(exists, if(changed, 'updated', 'unchanged'), 'created'))"
        counts = database.execute(f"{outcomes} as outcome, count(*) from matched group by outcome").fetchall()
        database.execute("commit")
        database.execute("checkpoint")
    print(json.dumps({"succeeded": succeeded, "failed": failed, "counts": dict(counts)}))


def load(database, accounts):
    with duckdb.connect(database) as database:
        for statement in LOAD.split(";\n"):
            if statement.strip():
                database.execute(statement, [accounts] if "?" in statement and "read_csv" in statement else [])


if __name__ == "__main__":
    main()
