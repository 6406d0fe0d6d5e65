using Microsoft.Playwright;

namespace Beret.Playground.Tests;

/// <summary>How somebody looks at the page.</summary>
public enum View
{
    /// <summary>A window with a light theme.</summary>
    Light,

    /// <summary>A window with a dark theme.</summary>
    Dark,

    /// <summary>A narrow screen that is touched.</summary>
    Phone,
}

internal static class Views
{
    public static BrowserNewContextOptions Options(this View view) => view switch
    {
        View.Phone => new() { ViewportSize = new ViewportSize { Width = 360, Height = 740 }, IsMobile = true, HasTouch = true, DeviceScaleFactor = 2 },
        View.Dark => new() { ViewportSize = new ViewportSize { Width = 1000, Height = 1000 }, ColorScheme = ColorScheme.Dark },
        _ => new() { ViewportSize = new ViewportSize { Width = 1000, Height = 1000 }, ColorScheme = ColorScheme.Light },
    };
}
