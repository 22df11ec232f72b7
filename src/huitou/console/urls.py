"""Every address of the console. No personal data stands in one: customers go by their opaque ids."""

from __future__ import annotations

from django.urls import path

from huitou.console.views import (
    broadcasts,
    campaigns,
    customers,
    errors,
    follow_up,
    intake,
    messages,
    settings,
    sign_in,
    users,
    welcome,
)

urlpatterns = [
    path("sign-in", sign_in.sign_in, name="login"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
    path("language", sign_in.choose_language, name="language"),
    path("theme", sign_in.choose_theme, name="theme"),
    path("welcome", welcome.first_user, name="welcome"),
    path("welcome/sending", welcome.sending, name="welcome_sending"),
    path("welcome/data", welcome.data, name="welcome_data"),
    path("settings", settings.settings_home, name="settings"),
    path("settings/sending", settings.sending_settings, name="sending_settings"),
    path("settings/sending/test", settings.test_mail, name="test_mail"),
    path("settings/changes/<int:change>/undo", settings.undo, name="undo_setting"),
    path("settings/password", users.own_password, name="password"),
    path("settings/users", users.user_list, name="users"),
    path("settings/users/<int:user>/role", users.change_role, name="user_role"),
    path("settings/users/<int:user>/disable", users.disable, name="user_disable"),
    path("settings/users/<int:user>/enable", users.enable, name="user_enable"),
    path("settings/users/<int:user>/remove", users.remove, name="user_remove"),
    path("settings/users/<int:user>/sign-out", users.end_sessions, name="user_sign_out"),
    path("settings/users/<int:user>/password", users.reset_password, name="user_password"),
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
