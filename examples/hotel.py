"""A hotel that keeps the register of guests that the law asks for. First, once:

moiety models install --defaults
moiety init office --example hotel       # writes office/purpose.toml: read it, change it
moiety purpose add office/purpose.toml --office office
"""

import moiety

with moiety.open("office") as m:
    guests = m.purpose("hotel").people()  # as an operator; an officer is people(role="officer")

    # Each field is sealed under a key that exists only in parts at the custodians. What is not given stays empty.
    guest = {"national_id": "11010519491231002X", "name": "Li Example", "birth_date": "1949-12-31", "sex": "F"}
    guest |= {"document_dates": "2010-01-17/2030-01-16", "nationality": "CN", "address": "1 Long Street"}
    added = guests.add(guest, grounds="register", how="office")
    print("kept as", added.pseudonym, "until", added.expires)

    # By number, or by the values of the purpose's index. The store holds neither; nobody there is None.
    found = guests.find("11010519491231002X")
    print("found:", found is not None and found.pseudonym == added.pseudonym)

    # Masked, or in the clear for a reason: one word. Custodians check that the role may, and write both down.
    li = guests.person(added.pseudonym)
    print("masked:", li.show()["national_id"])
    print("address:", li.reveal(["address"], reason="parcel").values["address"])

    # What was there before is sealed under keys that are gone. A refusal repeats nothing of what it was given.
    li.correct({"address": "2 New Street"})
    print("corrected:", li.reveal(["address"], reason="parcel").values["address"])
    try:
        li.reveal(["birth_date"], reason="curiosity")
    except moiety.Refused as refusal:
        print(f"refused [{refusal.code}]: {refusal.advice}")

    # Nobody is answered about from now on; destroyed after 72 hours, and until then li.restore() takes it back.
    leaving = li.erase()
    print("destroyed from", leaving.at, "on; found:", guests.find("11010519491231002X") is not None)
