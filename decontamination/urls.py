from django.urls import path

from decontamination import views

app_name = "decontamination"
urlpatterns = [
    path("references/", views.references, name="references"),
    path("references/<int:pk>/", views.reference, name="reference"),
    path("references/<int:pk>/retire/", views.retire, name="retire"),
    path("waivers/", views.waivers, name="waivers"),
    path("waivers/check/", views.check, name="check"),
    path("waivers/add/", views.waive, name="waive"),
    path("waivers/<int:pk>/withdraw/", views.withdraw_waiver, name="withdraw-waiver"),
    path("waivers/requests/<int:pk>/decline/", views.decline_waiver, name="decline-waiver"),
]
