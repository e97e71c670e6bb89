from django.urls import path

from annotation import views

app_name = "annotation"
urlpatterns = [
    path("annotate/", views.home, name="home"),
    path("annotate/claim/", views.claim, name="claim"),
    path("annotate/seeds/<int:pk>/", views.work, name="work"),
    path("annotate/seeds/<int:pk>/draft/", views.draft, name="draft"),
    path("annotate/seeds/<int:pk>/preview/", views.preview, name="preview"),
    path("annotate/seeds/<int:pk>/submit/", views.submit, name="submit"),
    path("annotate/seeds/<int:pk>/skip/", views.skip, name="skip"),
    path("annotate/seeds/<int:pk>/release/", views.release, name="release"),
    path("annotate/seeds/<int:pk>/reopen/", views.reopen, name="reopen"),
    path("annotate/skipped/", views.skipped, name="skipped"),
    path("annotate/items/<int:pk>/", views.item, name="item"),
    path("annotate/items/<int:pk>/draft/", views.item_draft, name="item-draft"),
    path("annotate/items/<int:pk>/preview/", views.item_preview, name="item-preview"),
    path("annotate/items/<int:pk>/revise/", views.revise, name="revise"),
]
