"""What people are told of a purpose, sentence by sentence, in each language. What only the controller can say is marked
with brackets, and is left open where the purpose's document does not say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Words = Mapping[str, str]

ENGLISH: Final[Words] = {
    "title": "What we do with your data: {purpose}",
    "who": "Who answers for it",
    "contact": "You reach us: {}",
    "officer": "Our data protection officer: {}",
    "what for": "What for",
    "data": "What is kept of you",
    "face": "Measurements of your face, made from a picture that is not kept. They are split among three custodians, "
    "each of whom holds a part that says nothing alone.",
    "fields": "These data, each sealed by itself: {}.",
    "grounds": "Why the law allows it",
    "article 6": "Article 6(1)({}) of the GDPR",
    "article 9": " and Article 9(2)({})",
    "ground": "{}: {}",
    "withdraw": "Where this is by your consent, you may withdraw it at any time, as easily as you gave it. What was "
    "done before stays lawful.",
    "interests": "The interests that this serves: {}",
    "source": "Where your data come from: {}",
    "recipients": "Who receives them: {}",
    "transfers": "Whether they leave the European Union, and how they are protected there: {}",
    "how long": "How long",
    "retention": "For {} days from the day on which you are enrolled; then they are destroyed.",
    "must": "Whether you have to give them, and what follows if you do not: {}",
    "decisions": "Whether a machine alone decides about you: {}",
    "rights": "Your rights",
    "ask": "You may ask us for a copy of your data and who looked at them, to correct them, to erase them, or to keep "
    "them unused. What is erased is no longer used from that moment on, and is destroyed within 72 hours; you "
    "receive a receipt that the custodians sign.",
    "take along": "Data that you gave us by consent or for a contract you may take along in a form that machines read.",
    "object": "You may object, for reasons that are yours, at any time: then your data are kept unused until it is "
    "decided.",
    "complain": "You may complain to the supervisory authority: {}",
    "open": "[to be filled in by {controller}]",
    "and": ", ",
    "field national_id": "national identity number",
    "field social_security": "social security number",
    "field tax": "tax number",
    "field payment_card": "number of a payment card",
    "field document_dates": "dates of the document",
    "field birth_date": "date of birth",
    "field photo": "photograph",
}

GERMAN: Final[Words] = {
    "title": "Was wir mit Ihren Daten tun: {purpose}",
    "who": "Wer dafür einsteht",
    "contact": "So erreichen Sie uns: {}",
    "officer": "Unsere Datenschutzbeauftragte oder unser Datenschutzbeauftragter: {}",
    "what for": "Wofür",
    "data": "Was von Ihnen aufbewahrt wird",
    "face": "Maße Ihres Gesichts, die aus einem Bild gewonnen werden, das nicht aufbewahrt wird. Sie sind auf drei "
    "Verwahrer verteilt; jeder hat einen Teil, der allein nichts aussagt.",
    "fields": "Diese Daten, jedes für sich versiegelt: {}.",
    "grounds": "Warum das Gesetz es erlaubt",
    "article 6": "Artikel 6 Absatz 1 Buchstabe {} DSGVO",
    "article 9": " und Artikel 9 Absatz 2 Buchstabe {}",
    "ground": "{}: {}",
    "withdraw": "Soweit dies auf Ihrer Einwilligung beruht, können Sie sie jederzeit so leicht widerrufen, wie Sie sie "
    "gegeben haben. Was vorher geschah, bleibt rechtmäßig.",
    "interests": "Die Interessen, denen es dient: {}",
    "source": "Woher Ihre Daten stammen: {}",
    "recipients": "Wer sie erhält: {}",
    "transfers": "Ob sie die Europäische Union verlassen und wie sie dort geschützt sind: {}",
    "how long": "Wie lange",
    "retention": "{} Tage vom Tag Ihrer Aufnahme an; dann werden sie vernichtet.",
    "must": "Ob Sie sie angeben müssen und was sonst folgt: {}",
    "decisions": "Ob eine Maschine allein über Sie entscheidet: {}",
    "rights": "Ihre Rechte",
    "ask": "Sie können von uns eine Kopie Ihrer Daten verlangen und wer sie angesehen hat, ihre Berichtigung, ihre "
    "Löschung oder dass sie ungenutzt bleiben. Was gelöscht wird, wird von diesem Augenblick an nicht mehr verwendet "
    "und binnen 72 Stunden vernichtet; Sie erhalten eine Quittung, die die Verwahrer unterschreiben.",
    "take along": "Daten, die Sie uns auf Grund einer Einwilligung oder eines Vertrags gegeben haben, können Sie in "
    "maschinenlesbarer Form mitnehmen.",
    "object": "Sie können aus Gründen, die in Ihrer Lage liegen, jederzeit widersprechen: Dann bleiben Ihre Daten "
    "ungenutzt, bis darüber entschieden ist.",
    "complain": "Sie können sich bei der Aufsichtsbehörde beschweren: {}",
    "open": "[von {controller} auszufüllen]",
    "and": ", ",
    "field national_id": "Personenkennzahl",
    "field social_security": "Sozialversicherungsnummer",
    "field tax": "Steuernummer",
    "field payment_card": "Nummer einer Zahlungskarte",
    "field passport": "Reisepass",
    "field identity_card": "Personalausweis",
    "field document_dates": "Gültigkeit des Ausweises",
    "field name": "Name",
    "field sex": "Geschlecht",
    "field nationality": "Staatsangehörigkeit",
    "field birth_date": "Geburtsdatum",
    "field address": "Anschrift",
    "field photo": "Lichtbild",
    "field employer": "Arbeitgeber",
}

CHINESE: Final[Words] = {
    "title": "我们如何处理您的数据：{purpose}",
    "who": "谁对此负责",
    "contact": "联系方式：{}",
    "officer": "数据保护负责人：{}",
    "what for": "用途",
    "data": "我们保存您的哪些数据",
    "face": "您的面部特征数值，由照片计算得出，照片本身不保存。"
    "这些数值分由三个保管方各持一部分，任何一部分单独都不含信息。",
    "fields": "以下数据，每项单独加密：{}。",
    "grounds": "法律依据",
    "article 6": "《通用数据保护条例》第6条第1款({})项",
    "article 9": "以及第9条第2款({})项",
    "ground": "{}：{}",
    "withdraw": "凡以您的同意为依据的处理，您可随时撤回同意，撤回与给予同样方便。撤回之前的处理仍然合法。",
    "interests": "所追求的正当利益：{}",
    "source": "数据来源：{}",
    "recipients": "数据接收方：{}",
    "transfers": "数据是否传出欧盟，以及在当地如何保护：{}",
    "how long": "保存期限",
    "retention": "自登记之日起 {} 天；期满即销毁。",
    "must": "您是否必须提供，以及不提供的后果：{}",
    "decisions": "是否仅由机器对您作出决定：{}",
    "rights": "您的权利",
    "ask": "您可以要求我们提供您的数据副本以及查看者的名单，要求更正、删除，或要求仅保存而不使用。"
    "删除的数据自即刻起不再使用，并在 72 小时内销毁；您会收到由保管方签名的凭证。",
    "take along": "您基于同意或合同提供的数据，您可以以机器可读的形式带走。",
    "object": "您可随时基于自身情况提出反对：在作出决定之前，您的数据只保存而不使用。",
    "complain": "您可以向监管机构投诉：{}",
    "open": "［由 {controller} 填写］",
    "and": "、",
    "field national_id": "身份证号码",
    "field social_security": "社会保障号码",
    "field tax": "税号",
    "field payment_card": "卡号",
    "field passport": "护照",
    "field identity_card": "身份证件",
    "field document_dates": "证件有效期",
    "field name": "姓名",
    "field sex": "性别",
    "field nationality": "国籍",
    "field birth_date": "出生日期",
    "field address": "住址",
    "field photo": "照片",
    "field employer": "工作单位",
}

LANGUAGES: Final[Mapping[str, Words]] = {"en": ENGLISH, "de": GERMAN, "zh": CHINESE}
"""By their tags (BCP 47)."""
