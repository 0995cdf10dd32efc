"""Purpose documents to start from, written out by `moiety init DIR --example NAME`."""

from __future__ import annotations

from typing import Final

DOOR: Final = """\
# A purpose: why faces are recognised, who answers for it, and how sure an answer must be.
# Read it, change it, then:  moiety purpose add purpose.toml
# A field that is not listed here is refused.

# Lower-case letters, digits and hyphens. It begins every pseudonym: door-7Q2M-...
name = "door"

# Who answers for it (GDPR Art. 4(7)), as the people who are enrolled know them.
controller = "Example Ltd, 1 Example Street"

# What it is for. Faces enrolled for this purpose are never searched for another.
description = "Opens the staff door for people who chose to be recognised; a key card does the same."

# An enrolled person is forgotten by searches after so many days (1 to 3650).
retention_days = 365

# A model card: `moiety models list` shows them, `moiety models install NAME` gets one.
# It cannot be changed once people are enrolled: templates of two models cannot be compared.
model = "mobilefacenet-192"

# How often a stranger may be taken for somebody. Thresholds follow from these and from the error rates
# measured for the model; there is nothing else to tune.
[targets]
# Of one comparison (`verify`): 1 stranger in 10,000 who claims to be somebody is believed.
fmr = 0.0001
# Of one search (`identify`): 1 stranger in 100 finds anybody at all. It grows with the gallery: where the
# model cannot keep it, `identify` says so: "candidates for a human, not an identification".
fpir = 0.01

# On which legal grounds people are enrolled; `moiety enrol --grounds consent` names one of these tables.
# Recognising people by their faces needs a ground in Article 6 and one in Article 9 of the GDPR.
[grounds.consent]
article_6 = "6(1)(a)"
article_9 = "9(2)(a)"
# What people were told, or where they can read it.
notice = "You may use a key card instead, and you may withdraw at the front desk at any time."

# What only you can tell people: `moiety purpose notice door` and `moiety register show` leave open what is not here.
# There are also officer, interests, source, recipients, transfers, must and decisions.
[told]
# How you are reached.
contact = "privacy@example.com"
# To whom people may complain.
authority = "the data protection authority of your country"
"""

HOTEL: Final = """\
# A purpose that keeps records of people: what a register has to hold, sealed field by field.
# Read it, change it, then:  moiety purpose add purpose.toml

name = "hotel"
controller = "Example Hotels Ltd, 1 Example Street"
description = "The register of guests that the law asks for, and the check-in of those who chose it."
# Whoever was entered is destroyed after so many days (1 to 3650).
retention_days = 365
model = "mobilefacenet-192"

[targets]
fmr = 0.0001
fpir = 0.01

# Without an article_9 they are for records alone: nobody's face is enrolled on them.
[grounds.register]
article_6 = "6(1)(c)"
notice = "The law asks every hotel for a register of its guests; it is destroyed after a year."

[grounds.consent]
article_6 = "6(1)(a)"
article_9 = "9(2)(a)"
notice = "You may show your card at the desk instead, and you may withdraw there at any time."

# Fields of people: their number, document dates, name, sex, nationality, birth date, address, photo, employer.
# They are sealed in four classes, each under a key of its own: document, contact, birth and photo.
[records]
# By which number people are known; its field has this name: national_id, social_security, tax, payment_card, or
# passport and identity_card, which are read from their machine readable zones.
scheme = "national_id"
# Whose numbers these are: a country's two capitals, three of a passport or an identity card, "" of payment cards.
country = "CN"
# People are looked up by their number; by these together too, and never by one field of few values.
index = ["name", "birth_date"]

# Which classes a role may have opened, with a reason that is written down. What is not here is opened for nobody.
[records.reveal]
operator = ["contact", "document"]
officer = ["birth", "contact", "document", "photo"]

# Fields of your own: a type of text, name, date, period, choice, country, identifier.
[[records.fields]]
name = "room"
type = "text"
class = "contact"

# What only you can tell people: `moiety purpose notice hotel` and `moiety register show` leave open what is not here.
# There are also officer, interests, source, recipients, transfers, must and decisions.
[told]
# How you are reached.
contact = "privacy@example.com"
# To whom people may complain.
authority = "the data protection authority of your country"
"""

EXAMPLES: Final = {"door": DOOR, "hotel": HOTEL}
