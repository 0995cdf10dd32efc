"""A door that opens for people who chose to be recognised. First, once:

moiety models install --defaults
moiety init office --example door        # writes office/purpose.toml: read it, change it
moiety purpose add office/purpose.toml --office office
"""

import moiety

with moiety.open("office") as m:
    door = m.purpose("door")

    # One person from one picture or several. The pseudonym is random, and all that is ever stored as a name.
    anna = door.enrol(["anna-1.jpg"], grounds="consent")
    print("Anna is", anna.pseudonym, "until", anna.expires)

    # 1:1. A verdict is true or false; there is no score to leak or to tune.
    if door.verify("anna-2.jpg", claimed=anna.pseudonym):
        print("welcome back")
    print("Bert as Anna:", bool(door.verify("bert-1.jpg", claimed=anna.pseudonym)))

    # 1:N. Candidates have no order. `carried` says whether the measured error rates allow the purpose's promise.
    found = door.identify("anna-3.jpg")
    print(anna.pseudonym in found, f"among {found.gallery}:", found.text)

    # Many: what became of each, in order. A refusal says what to do and repeats nothing of what it was given.
    for outcome in door.enrol_many([["bert-1.jpg"], ["wall.jpg"]], grounds="consent"):
        match outcome:
            case moiety.Enrolled(pseudonym=bert):
                print("Bert is", bert)
            case moiety.Refused(code=code, advice=advice):
                print(f"refused [{code}]: {advice}")

    # Erased at all three custodians before it returns; from then on nobody matches.
    door.erase(anna.pseudonym)
    print("Anna, erased:", bool(door.verify("anna-2.jpg", claimed=anna.pseudonym)))
