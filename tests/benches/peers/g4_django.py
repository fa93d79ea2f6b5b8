"""The import as django-import-export does it: e-mail and phone cleaned by its widgets, rows kept in SQLite.

Takes `real` (as it comes, row by row) or `bulk`, the list, and the database. Says its own seconds, from the text of the
file to the last row: the start of Python and Django is not counted.
"""

import json
import sys
import time

import django
from django.conf import settings

how, contacts, database = sys.argv[1:]
settings.configure(
    INSTALLED_APPS=["import_export"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

import phonenumbers  # noqa: E402
import tablib  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from email_validator import validate_email  # noqa: E402
from import_export import fields, resources, widgets  # noqa: E402


class Contact(models.Model):
    name, title, website = models.TextField(), models.TextField(), models.TextField()
    email = models.TextField(unique=True)
    phone, country, address, note = models.TextField(), models.TextField(), models.TextField(), models.TextField()

    class Meta:
        app_label = "import_export"


class EmailWidget(widgets.CharWidget):
    def clean(self, value, row=None, **kwargs):
        return validate_email(value, check_deliverability=False).normalized.lower()


class PhoneWidget(widgets.CharWidget):
    def clean(self, value, row=None, **kwargs):
        try:
            number = phonenumbers.parse(value, "BR")
        except phonenumbers.NumberParseException as error:
            raise ValueError(str(error)) from error
        if not phonenumbers.is_valid_number(number):
            raise ValueError("not a phone number")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class Contacts(resources.ModelResource):
    name = fields.Field("name", "Name")
    email = fields.Field("email", "E-mail", EmailWidget())
    phone = fields.Field("phone", "Phone", PhoneWidget())
    website = fields.Field("website", "Website")
    country = fields.Field("country", "Country")
    title = fields.Field("title", "Job title")
    address = fields.Field("address", "Address")
    note = fields.Field("note", "Note")

    class Meta:
        model = Contact
        fields = ("name", "email", "phone", "website", "country", "title", "address", "note")
        import_id_fields = ["email"]
        use_bulk = how == "bulk"
        skip_diff = how == "bulk"


with connection.schema_editor() as editor:
    editor.create_model(Contact)
start = time.perf_counter()
with open(contacts, newline="", encoding="utf-8") as file:
    dataset = tablib.Dataset().load(file.read(), format="csv")
# Its own transaction takes all rows back where one has an error; one around it keeps the others, as fast.
with transaction.atomic():
    result = Contacts().import_data(dataset, dry_run=False, use_transactions=False, raise_errors=False)
seconds = time.perf_counter() - start
bad = len({number for number, _ in result.row_errors()} | {row.number for row in result.invalid_rows})
print(json.dumps({"rows": len(dataset), "kept": Contact.objects.count(), "bad": bad, "seconds": seconds}))
