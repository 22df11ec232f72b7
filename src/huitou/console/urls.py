"""Every address of the console. No personal data stands in one: customers go by their opaque ids."""

from __future__ import annotations

from django.urls import path

from huitou.console.views import (
    broadcasts,
    campaigns,
    customers,
    editing,
    errors,
    exports,
    follow_up,
    intake,
    keys,
    messages,
    preview,
    sign_in,
)

urlpatterns = [
    path("sign-in", sign_in.sign_in, name="login"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
    path("language", sign_in.choose_language, name="language"),
    path("theme", sign_in.choose_theme, name="theme"),
    path("", broadcasts.broadcast_list, name="broadcasts"),
    path("broadcasts/<path:broadcast>", broadcasts.broadcast_page, name="broadcast"),
    path("edit/broadcasts/<path:broadcast>", editing.edit_broadcast, name="edit_broadcast"),
    path("widgets/verdict/<path:broadcast>", broadcasts.verdict, name="verdict"),
    path("widgets/takings/<path:broadcast>", broadcasts.takings, name="takings"),
    path("widgets/unseen/<path:broadcast>", broadcasts.unseen, name="unseen"),
    path("widgets/unseen-count/<path:broadcast>", broadcasts.unseen_count, name="unseen_count"),
    path("unseen-orders/<path:broadcast>", broadcasts.unseen_csv, name="unseen_csv"),
    path("widgets/funnel/<path:broadcast>", broadcasts.funnel, name="funnel"),
    path("widgets/non-buyers/<path:broadcast>", broadcasts.non_buyers, name="non_buyers"),
    path("widgets/reach/<path:broadcast>", broadcasts.reach, name="reach"),
    path("widgets/plan/<path:broadcast>", follow_up.plan, name="plan"),
    path("widgets/sending/<path:broadcast>", broadcasts.sending, name="sending"),
    path("widgets/results/<path:broadcast>", broadcasts.results_widget, name="results"),
    path("widgets/people/<path:broadcast>", broadcasts.people, name="people"),
    path("follow-up/preview/<path:broadcast>", follow_up.preview, name="preview"),
    path("follow-up/start/<path:broadcast>", follow_up.start, name="start"),
    path("follow-up/cancel/<path:broadcast>", follow_up.cancel, name="cancel"),
    path("customers", customers.customer_list, name="customers"),
    path("customers/found/<str:token>", customers.search, name="search"),
    path("customers/<str:customer>", customers.customer_page, name="customer"),
    path("customers/<str:customer>/contact", customers.reveal, name="reveal"),
    path("customers/<str:customer>/merges/<int:merge>/undo", customers.undo, name="undo_merge"),
    path("widgets/timeline/<str:customer>", customers.timeline, name="timeline"),
    path("widgets/orders/<str:customer>", customers.orders, name="orders"),
    path("widgets/decisions/<str:customer>", customers.decisions, name="decisions"),
    path("campaigns", campaigns.campaign_list, name="campaigns"),
    path("campaigns/<path:name>/preview", preview.preview_page, name="campaign_preview"),
    path("campaigns/<path:name>/preview/body", preview.preview_body, name="campaign_preview_body"),
    path("campaigns/<path:name>/preview/draft", preview.preview_draft, name="preview_draft"),
    path("campaigns/<path:name>/preview/send", preview.send_test, name="send_test"),
    path("campaigns/<path:name>", campaigns.campaign_page, name="campaign"),
    path("pause/<path:name>", follow_up.pause, name="pause"),
    path("resume/<path:name>", follow_up.resume, name="resume"),
    path("messages", messages.message_list, name="messages"),
    path("messages/<str:message>", messages.message_page, name="message"),
    path("messages/<str:message>/body", messages.message_body, name="message_body"),
    path("files/people/<path:broadcast>", exports.people_file, name="people_file"),
    path("files/customers", exports.customers_file, name="customers_file"),
    path("files/messages", exports.messages_file, name="messages_file"),
    path("intake", intake.intake_page, name="intake"),
    path("intake/upload", intake.upload, name="upload"),
    path("intake/<str:upload>/again", intake.again, name="again"),
    path("intake/<str:upload>/placed", intake.place, name="place_upload"),
    path("intake/<str:upload>/rejected", intake.rejected, name="rejected"),
    path("settings/keys", keys.key_list, name="keys"),
    path("settings/keys/<int:key>/revoke", keys.revoke, name="revoke_key"),
    path("widgets/upload/<str:upload>", intake.upload_state, name="upload_state"),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.failed
