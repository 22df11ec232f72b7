"""Every address of the console. No personal data stands in one: customers go by their opaque ids."""

from __future__ import annotations

from django.urls import path

from huitou.console.views import broadcasts, campaigns, customers, errors, follow_up, intake, messages, sign_in

urlpatterns = [
    path("sign-in", sign_in.sign_in, name="login"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
    path("language", sign_in.choose_language, name="language"),
    path("theme", sign_in.choose_theme, name="theme"),
    path("", broadcasts.broadcast_list, name="broadcasts"),
    path("broadcasts/<path:broadcast>", broadcasts.broadcast_page, name="broadcast"),
    path("widgets/verdict/<path:broadcast>", broadcasts.verdict, name="verdict"),
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
    path("campaigns/<path:name>", campaigns.campaign_page, name="campaign"),
    path("pause/<path:name>", follow_up.pause, name="pause"),
    path("resume/<path:name>", follow_up.resume, name="resume"),
    path("messages", messages.message_list, name="messages"),
    path("messages/<str:message>", messages.message_page, name="message"),
    path("messages/<str:message>/body", messages.message_body, name="message_body"),
    path("intake", intake.intake_page, name="intake"),
    path("intake/upload", intake.upload, name="upload"),
    path("intake/<str:upload>/again", intake.again, name="again"),
    path("intake/<str:upload>/rejected", intake.rejected, name="rejected"),
    path("widgets/upload/<str:upload>", intake.upload_state, name="upload_state"),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.failed
