from django.urls import path

from sampling import views

app_name = "sampling"
urlpatterns = [
    path("clusters/", views.clusters, name="clusters"),
    path("clusters/<int:number>/", views.cluster, name="cluster"),
    path("clusters/<int:number>/category/", views.overrule, name="overrule"),
    path("clusters/<int:number>/name/", views.rename, name="rename"),
    path("clusters/<int:number>/exclusion/", views.exclude, name="exclude"),
    path("clusters/<int:number>/merge/", views.merge, name="merge"),
    path("map/", views.corpus_map, name="map"),
    path("map/<int:pk>/points/", views.map_points, name="map-points"),
    path("map/documents/<int:pk>/", views.map_document, name="map-document"),
    path("leaks/", views.leaks, name="leaks"),
    path("draw/", views.draw, name="draw"),
    path("draws/", views.draws, name="draws"),
    path("draws/<int:pk>/", views.draw_page, name="draw-page"),
    path("draws/<int:pk>/chart.svg", views.chart, name="draw-chart"),
    path("seeds/<int:pk>/", views.seed, name="seed"),
]
