from django.urls import path

from benchmark import views

app_name = "benchmark"
urlpatterns = [
    path("releases/", views.releases, name="releases"),
    path("releases/freeze/", views.freeze, name="freeze"),
    path("releases/freeze/look/", views.look, name="look"),
    path("releases/<int:number>/", views.release, name="release"),
    path("releases/<int:number>/download/", views.download, name="download"),
]
