"""Which plugin of Apprise 2.2.0 has which URL schema, so that only those in use are imported.

A test compares these tables with Apprise's own, which takes 0.15 s and 18 MB to load.
"""

#: A plugin's module below ``apprise.plugins``, then its schemas; ``;`` ends a plugin.
_PLUGINS = """
africas_talking atalk ; amqp.base amqp amqps ; apprise_api apprise apprises ; aprs aprs ;
bark bark barks ; betterstack betterstack ; blink1 blink1 ; bluesky bluesky bsky ; brevo brevo ;
bulksms bulksms ; bulkvs bulkvs ; burstsms burstsms kudosity ; chanify chanify ; clickatell clickatell ;
clicksend clicksend ; cliq cliq zcliq zohocliq ; cm cm ; custom_form form forms ;
custom_json json jsons ; custom_xml xml xmls ; d7networks d7sms ; dapnet dapnet ; dbus dbus kde qt ;
deltachat deltachat deltachats ; dingtalk dingtalk ; discord discord ; dot dot ; eight00com eight00com ;
email.base mailto mailtos ; emby emby embys ; enigma2 enigma2 enigma2s ; evolution evolution evolutions ;
exotel exotel ; fcm fcm ; feishu feishu ; firehydrant firehydrant ; flock flock ;
flowtriq flowtriq flowtriqs ; fluxer fluxer fluxers ; fortysixelks 46elks elks ; freemobile freemobile ;
github github ; glib gio glib ; gnome gnome ; goalert goalert goalerts ; google_chat gchat ;
gorush gorush gorushs ; gotify gotify gotifys ; groundmail groundmail ; groupme groupme ; growl growl ;
guilded guilded ; gupshup gupshup ; home_assistant hassio hassios ; httpsms httpsms ;
humhub humhub humhubs ; ifttt ifttt ; ilert ilert ; incidentio incidentio ; infobip infobip ;
irc.base irc ircs ; jellyfin jellyfin jellyfins ; jira jira ; join join ; kakaotalk kakao kakaotalk ;
kaleyra kaleyra klr ; kavenegar kavenegar ; kodi kodi kodis xbmc xbmcs ; kook kook ; kumulos kumulos ;
lametric lametric lametrics ; lark lark ; lauther lauther ; lfgalarm lfg ; line line ; macosx macosx ;
mailersend mailersend ; mailgun mailgun ; mastodon mastodon mastodons toot toots ;
matrix.base matrix matrixs ; mattermost mmost mmosts ; messagebird msgbird ; misskey misskey misskeys ;
mobilemessage mobilemessage mobilemsg ; mqtt mqtt mqtts ; msg91 msg91 ; nextcloud ncloud nclouds ;
nextcloudtalk nctalk nctalks ; nostr.base nostr ; notica notica noticas ; notifiarr notifiarr ;
notifico notifico notificos ; notifyre notifyre ; ntfy ntfy ntfys ; octopush octopush ;
office365 azure o365 ; one_signal onesignal ; onebot onebot onebots ; opsgenie opsgenie ;
pagerduty pagerduty ; pagertree pagertree ; parseplatform parsep parseps ; pinglet pinglet pinglets ;
pingram pingram ; plivo plivo ; postmark postmark ; prowl prowl ; pushbullet pbul ;
pushdeer pushdeer pushdeers ; pushed pushed ; pushjet pjet pjets ; pushme pushme ; pushover pover ;
pushplus pushplus wecom ; pushsafer psafer psafers ; pushward pushward ; pushy pushy ; qq qq ;
reddit reddit ; resend resend ; revolt revolt ; ringcentral ringc ; rocketchat rocket rockets ;
rsyslog rsyslog ; ryver ryver ; sendgrid sendgrid ; sendpulse sendpulse ; serverchan schan ;
serwersms serwersms ; ses ses ; seven seven ; sfr sfr ; signal_api signal signals ;
signalgrid signalgrid ; signl4 signl4 ; simplepush simplepush spush ; sinch sinch ; slack slack ;
smpp smpp smpps ; smsc smsc ; smseagle smseagle smseagles ; smsmanager smsmanager smsmgr ;
smstunnel smstunnel ; smtp2go smtp2go ; sns sns ; sogs session sessions sogs ; sparkpost sparkpost ;
spike spike ; splunk splunk victorops ; spugpush spugpush ; squadcast squadcast ; stackfield stackfield ;
streamlabs strmlabs ; synology synology synologys ; syslog syslog ; techuluspush push ; telegram tgram ;
telesign telesign ; telnyx telnyx ; threema threema ; trigv trigv trigvs ; twilio twilio ; twist twist ;
twitter tweet twitter x ; vapid vapid ; viber viber ; voipms voipms ; vonage nexmo vonage ;
webexteams webex wxteams ; wechat wechat ; wecombot wecombot ; whapi whapi ; whatsapp whatsapp ;
windows windows ; workflows workflow workflows ; wpush wpush ; wxpusher wxpusher ; xmatters xmatters ;
xmpp.base xmpp xmpps ; youlmk youlmk ; zalo zalo ; zoom zoom ; zulip zulip
"""

#: Plugins of our own, below ``router.channels.own``; the schema of each is its name.
OWN: frozenset[str] = frozenset({"aliyunsms", "aliyunvoice"})

#: Schema to module.
MODULES: dict[str, str] = {
    schema: row.split()[0] for row in _PLUGINS.split(";") for schema in row.split()[1:]
} | {schema: schema for schema in OWN}

#: Plugins that know their provider's own ``https`` URLs, and a part of each of those.
NATIVE: tuple[tuple[str, str], ...] = (
    ("slack", "//hooks.slack"),
    ("discord", "//discord"),
    ("wecombot", "//qyapi.weixin.qq.com/"),
    ("lark", "//open.larksuite.com/"),
    ("workflows", "/workflows/"),
    ("google_chat", "//chat.googleapis.com/"),
    ("mattermost", "//mattermost."),
    ("cliq", "//cliq.zoho"),
    ("firehydrant", "//signals.firehydrant.com/"),
    ("flock", "//api.flock.com/"),
    ("fluxer", "fluxer.app/"),
    ("fortysixelks", "@api.46elks.com/"),
    ("guilded", "guilded.gg/"),
    ("ifttt", "//maker.ifttt.com/"),
    ("incidentio", "//api.incident.io/"),
    ("kook", "//www.kookapp.cn/"),
    ("lametric", "/dev/widget/update/"),
    ("lfgalarm", "//api.lfg.gm/"),
    ("matrix.base", "//webhooks.t2bot.io/"),
    ("notica", "//notica.us/"),
    ("notifico", "//n.tkte.ch/"),
    ("ntfy", "//ntfy.sh"),
    ("pushplus", "//www.pushplus.plus/"),
    ("qq", "//qmsg.zendee.cn/"),
    ("ryver", ".ryver.com/"),
    ("spike", "//api.spike.sh/"),
    ("splunk", "//alert.victorops.com/"),
    ("spugpush", "//push.spug.dev/"),
    ("squadcast", "squadcast.com/"),
    ("stackfield", "stackfield.com/"),
    ("webexteams", "/webhooks/incoming/"),
    ("wpush", "//api.wpush.cn/"),
    ("xmatters", ".xmatters.com/"),
    ("youlmk", "youlmk.com/"),
    ("zoom", "//inbots.zoom.us/"),
    ("apprise_api", "/notify/"),
)

_UNREAD = """
apprise_api bark betterstack brevo bulksms bulkvs burstsms chanify clickatell clicksend cliq
custom_form custom_xml dapnet dot eight00com evolution exotel firehydrant flock flowtriq fluxer
fortysixelks freemobile goalert google_chat gotify groundmail home_assistant httpsms ifttt ilert
incidentio join kodi kumulos lametric lauther line mailersend mailgun messagebird misskey msg91
nextcloudtalk nostr.base notica notifiarr notifico octopush one_signal pagertree parseplatform
pinglet plivo postmark prowl pushdeer pushed pushjet pushme pushover pushward qq resend ryver
sendgrid serverchan seven signal_api signalgrid signl4 smsmanager smtp2go sogs spike splunk spugpush
squadcast stackfield streamlabs synology techuluspush telnyx threema trigv vapid webexteams xmatters
youlmk zoom zulip
"""

#: Plugins that look at the status of an answer only: a refusal with status 200 would pass for a yes,
#: unless it is said in the usual words (router.channels.answers.usual) or ``accept`` finds it.
UNREAD: frozenset[str] = frozenset(_UNREAD.split())
