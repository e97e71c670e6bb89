from django.urls import path

from campaigns import views

app_name = "campaigns"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("setup/rules/", views.rules, name="rules"),
    path("members/", views.members, name="members"),
    path("members/invite/", views.invite, name="invite"),
    path("members/<int:pk>/remove/", views.remove_member, name="remove-member"),
    path("invitations/<int:pk>/withdraw/", views.withdraw_invitation, name="withdraw-invitation"),
    path("guideline/", views.guideline, name="guideline"),
    path("guideline/edit/", views.edit_guideline, name="guideline-edit"),
    path("events/", views.events, name="events"),
]
