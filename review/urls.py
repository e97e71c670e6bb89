from django.urls import path

from review import views

app_name = "review"
urlpatterns = [
    path("review/", views.queue, name="queue"),
    path("review/claim/", views.claim, name="claim"),
    path("review/<int:pk>/", views.revision, name="revision"),
    path("review/<int:pk>/vote/", views.vote, name="vote"),
    path("review/<int:pk>/pass/", views.pass_on, name="pass"),
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/charts/<slug:name>.svg", views.chart, name="chart"),
    path("items/", views.items, name="items"),
    path("items/<int:pk>/", views.item, name="item"),
    path("items/<int:pk>/return/", views.send_back, name="return"),
    path("items/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
]
