"""Root URLs. Each app serves its own pages under /c/<campaign>/."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from campaigns import api as campaigns_api
from campaigns import views as campaigns
from config import views
from decontamination import api as decontamination_api

urlpatterns = [
    path("", campaigns.home, name="home"),
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("account/", campaigns.account, name="account"),
    path("join/<str:secret>/", campaigns.join, name="join"),
    path("api/campaigns/", campaigns_api.campaigns, name="api-campaigns"),
    path("api/campaigns/<slug:slug>/check/", decontamination_api.check, name="api-check"),
    path("c/<slug:slug>/setup/", views.setup, name="setup"),
    path("c/<slug:slug>/", include("campaigns.urls")),
    path("c/<slug:slug>/", include("decontamination.urls")),
    path("c/<slug:slug>/", include("sampling.urls")),
    path("c/<slug:slug>/", include("annotation.urls")),
    path("c/<slug:slug>/", include("review.urls")),
    path("c/<slug:slug>/", include("benchmark.urls")),
]
