from django.urls import path

from sampling import views

app_name = "sampling"
urlpatterns = [
    path("clusters/", views.clusters, name="clusters"),
    path("clusters/<int:number>/", views.cluster, name="cluster"),
    path("clusters/<int:number>/category/", views.overrule, name="overrule"),
    path("leaks/", views.leaks, name="leaks"),
    path("draw/", views.draw, name="draw"),
    path("seeds/<int:pk>/", views.seed, name="seed"),
]
