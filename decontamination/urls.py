from django.urls import path

from decontamination import views

app_name = "decontamination"
urlpatterns = [
    path("references/", views.references, name="references"),
    path("references/<int:pk>/", views.reference, name="reference"),
    path("references/<int:pk>/retire/", views.retire, name="retire"),
]
